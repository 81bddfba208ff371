// Light or dark: as the reader's system says, unless told otherwise.

/** A theme by name. */
export type Theme = "auto" | "light" | "dark";

const KEY = "orrery-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** `text` as a theme; anything else is `auto`. */
export function themeOf(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "auto";
}

/** Whether a theme is dark at present. */
export function isDark(theme: Theme): boolean {
  return theme === "dark" || (theme === "auto" && system.matches);
}

/** Calls `react` whenever the system's theme changes; returns how to stop that. */
export function watchSystem(react: () => void): () => void {
  system.addEventListener("change", react);
  return () => system.removeEventListener("change", react);
}

/** The theme the reader chose on an earlier visit. */
export function storedTheme(): Theme {
  try {
    return themeOf(localStorage.getItem(KEY));
  } catch {
    return "auto";
  }
}

/** Keeps the reader's choice for the next visit, where the browser lets us. */
export function storeTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is forbidden here: the choice holds until the page is left.
  }
}
