/** Where the product under test lives; chosen once by playwright.config.ts. */
export const E2E_HOME = required("E2E_HOME");
export const E2E_PORT = required("E2E_PORT");
export const ORIGIN = `http://127.0.0.1:${E2E_PORT}`;

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set. Run the browser tests with: npx playwright test`);
  }
  return value;
}
