/**
 * Method: everything that happens is a TraceEvent. The I/O half makes events and knows nothing of guarantees; the pure half
 * reads events and never sees a file descriptor. Events are observed in one total order. With the data of its writes and a header
 * they are a trace, which is written as it happens (TraceRecorder) and read as it is walked over (TraceReading): in the
 * binary format of frame.ts, as text (text-writer.ts has the form), or as a log of dm-log-writes. Bytes come in through a ByteSource or
 * in chunks and leave in pieces; whose they are is not known here.
 *
 * To add one: an event is an interface and a member of the union in event.ts, with a code in event-code.ts; the exhaustive
 * switches of the readers then fail to compile until they say what it means to them. A foreign format is a function from a
 * ByteSource to a TraceReading, and one back.
 *
 * @module
 */
export type {CompleteEvent, Observer, StartEvent, SubmitEvent, TraceEvent} from './event.js'
export {traceFault} from './fault.js'
export {loadTrace} from './load.js'
export {exportLog} from './log-export.js'
export {isLog} from './log-format.js'
export {readLog} from './log-import.js'
export {isTrace, readTrace} from './reader.js'
export {TraceRecorder} from './recorder.js'
export {endMarks, planUnder, replayUnder} from './replay.js'
export {flagNames, requestName} from './request-words.js'
export {memorySource, type ByteSource} from './source.js'
export {readTraceText, type HeaderDefaults} from './text-reader.js'
export {traceText} from './text-writer.js'
export type {BeforeImage, KnownBefore, Trace, TracedEvent, TraceHeader, TraceReading} from './traced.js'
