/** Getting around with the keyboard alone: nothing is clicked, nothing is focused but by the keys a person presses. */
import { expect, type Locator, type Page } from "@playwright/test";

const LONGEST_WALK = 150;

export interface Keyboard {
  /** Presses Tab until `target` has the focus. */
  reach(target: Locator): Promise<void>;
  /** Reaches a control and presses a key on it; default Enter. */
  press(target: Locator, key?: string): Promise<void>;
  /** Reaches a field and types into it. */
  type(target: Locator, text: string): Promise<void>;
}

export function keyboardOf(page: Page): Keyboard {
  async function reach(target: Locator): Promise<void> {
    await expect(target).toBeVisible();
    for (let step = 0; step < LONGEST_WALK; step += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        return;
      }
      await page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${String(target)} within ${LONGEST_WALK} steps`);
  }
  return {
    reach,
    async press(target, key = "Enter") {
      await reach(target);
      await page.keyboard.press(key);
    },
    async type(target, text) {
      await reach(target);
      await page.keyboard.type(text);
    },
  };
}
