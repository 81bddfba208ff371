// Copying to the clipboard, which is there only where the page is served securely and allowed to.

/** Copies `text`; false if the browser does not let us. */
export async function copyText(text: string): Promise<boolean> {
  // `clipboard` is typed as always there; over plain HTTP it is not.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  try {
    await clipboard?.writeText(text);
  } catch {
    return false;
  }
  return clipboard !== undefined;
}
