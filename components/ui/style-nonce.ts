/**
 * Lets libraries that add a style element (the scroll lock of Radix' modal parts) do so under the page policy: they look for the nonce under
 * this name, which bundlers agreed on. The value is the one the server gave this page's own scripts. Imported for its effect.
 */
declare global {
  var __webpack_nonce__: string | undefined;
}

if (typeof document !== "undefined") {
  globalThis.__webpack_nonce__ = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce;
}

export {};
