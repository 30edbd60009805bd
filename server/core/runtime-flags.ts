/**
 * Flags of V8 for the long-running processes. Without this one V8 concludes from the objects of a quiet time, which outlive a collection
 * because nothing happens, that such objects should be made in the old space; under load each request's then pile up there until a full
 * collection, and what they point to with them: pauses of 10 ms and more every 200 ms, measured with 16 connections.
 */
export const RUNTIME_FLAGS: readonly string[] = ["--no-allocation-site-pretenuring"];
