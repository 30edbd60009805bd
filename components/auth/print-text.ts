/** Prints `text` alone, without the page around it. In the browser only. */
export function printText(text: string): void {
  const frame = document.createElement("iframe");
  // Hidden frames print an empty page in some browsers: this one is there, but takes no room.
  frame.className = "fixed right-full bottom-full h-px w-px border-0";
  frame.title = "Print";
  frame.setAttribute("aria-hidden", "true");
  document.body.append(frame);
  const { contentWindow, contentDocument } = frame;
  if (contentWindow === null || contentDocument === null) {
    frame.remove();
    return;
  }
  const sheet = contentDocument.createElement("pre");
  sheet.textContent = text;
  contentDocument.body.append(sheet);
  contentWindow.addEventListener("afterprint", () => frame.remove());
  contentWindow.print();
}
