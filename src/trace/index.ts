/**
 * Method: everything that happens is a TraceEvent. The I/O half makes events and knows nothing of guarantees; the pure half
 * reads events and never sees a file descriptor. Events are observed in one total order.
 *
 * To add one: an interface and a member of the union in event.ts; the exhaustive switches of the readers then fail to
 * compile until they say what it means to them.
 *
 * @module
 */
export type {CompleteEvent, Observer, StartEvent, SubmitEvent, TraceEvent} from './event.js'
