/** Hands `text` to the visitor as a file. In the browser only. */
export function download(name: string, text: string, type = "text/plain"): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the data by the next turn; until then the address must stay good.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
