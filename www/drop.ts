// Files dropped anywhere on the page.

/** Hands every file that is dropped on the page, but not into a field, to `open`. */
export function takeDrops(open: (file: File) => void): void {
  const mark = (over: boolean) => document.body.toggleAttribute("data-dropping", over);
  const brings = ({ dataTransfer, target }: DragEvent) => {
    const field = target instanceof Element && target.closest("input, textarea") !== null;
    return !field && (dataTransfer?.types.includes("Files") ?? false);
  };
  window.addEventListener("dragover", (event) => {
    if (brings(event)) event.preventDefault();
    mark(brings(event));
  });
  window.addEventListener(
    "dragleave",
    ({ relatedTarget }) => relatedTarget === null && mark(false),
  );
  window.addEventListener("drop", (event) => {
    mark(false);
    const file = event.dataTransfer?.files[0];
    if (!brings(event) || file === undefined) return;
    event.preventDefault();
    open(file);
  });
}
