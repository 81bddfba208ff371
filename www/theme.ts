// Light or dark: as the reader's system says, unless told otherwise.
import { keep, recall } from "./memory";

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
  return themeOf(recall(KEY));
}

/** Keeps the reader's choice for the next visit. */
export function storeTheme(theme: Theme): void {
  keep(KEY, theme);
}
