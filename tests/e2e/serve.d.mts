import type { Server } from "node:http";

/** Starts serving `dist`; resolves once it listens. */
export function serve(dist: string, port?: number): Promise<Server>;
/** The content security policy of the page. */
export const POLICY: string;
