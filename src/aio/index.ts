/**
 * Method: a backend executes steps (read, write, sync, zero, punch) on one open image and says how each ended; it knows no
 * requests and no guarantees. uring drives io_uring from this thread, threads is plain node:fs, sim is a simulated disk with
 * volatile caches, virtual time, faults and a power switch. All three pass the same contract tests.
 *
 * To add one: a folder with its backend.ts, and a row in select.ts.
 *
 * @module
 */
export {yieldToSignals, type Backend, type BackendName, type Memory} from './backend.js'
export {MemoryPool} from './pool.js'
export {AIO_CHOICES, BACKENDS, openBackend, type AioChoice, type BackendTarget, type OpenBackend} from './select.js'
