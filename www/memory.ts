// What the browser keeps for the next visit, where it lets us.

/** What was kept under `key`; null if nothing, or if storage is forbidden here. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return session.get(key) ?? null;
  }
}

/** Keeps `text` under `key`; where storage is forbidden, until the page is left. */
export function keep(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    session.set(key, text);
  }
}

/** Keeps nothing under `key` any more. */
export function forget(key: string): void {
  session.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // It was never there.
  }
}

const session = new Map<string, string>();
