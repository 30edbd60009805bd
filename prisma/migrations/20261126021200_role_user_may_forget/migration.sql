-- Whoever may ask may take back what was remembered. A role that somebody has changed stays as they made it.
UPDATE role SET commands = commands || ARRAY['forget']
 WHERE name = 'user' AND builtin AND commands = ARRAY['help', 'status', 'ask'];
