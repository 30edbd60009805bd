/** Words for money and budgets. Pure. */

/** US dollars as people write them: cents, or enough digits that a small amount is not nothing. */
export function dollars(amount: number): string {
  const digits = amount === 0 || amount >= 0.01 ? 2 : 6;
  return `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}
