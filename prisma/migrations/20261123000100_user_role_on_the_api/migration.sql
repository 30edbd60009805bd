-- A token made without naming a role is one for the API: the built-in role that it gets has to open that channel. A role that somebody has
-- edited stays as it is.
UPDATE role SET channels = ARRAY['whatsapp', 'telegram', 'api'], updated_at = now()
 WHERE name = 'user' AND builtin AND channels = ARRAY['whatsapp', 'telegram'];
