/** How an encrypted value looks. Of any version: one that this program does not know must not pass for plain text. */
export const SEALED_FORM = /^enc:v(\d{1,4}):(.*)$/s;

export const isSealed = (value: string): boolean => SEALED_FORM.test(value);
