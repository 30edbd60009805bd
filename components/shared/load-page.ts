/** Goes to a page by loading it anew. For changes of the session: nothing kept in the old page's memory may outlive it. */
export function loadPage(path: string): void {
  window.location.replace(path);
}
