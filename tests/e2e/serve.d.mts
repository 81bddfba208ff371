import type { Server } from "node:http";

/** Starts serving `dist`; resolves once it listens. */
export function serve(dist: string, port?: number): Promise<Server>;
