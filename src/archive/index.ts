/**
 * Method: where the formats of the trace room meet files. A trace is opened by what it begins with, binary or text, and read in
 * pieces on demand; what is written appears under its name when it is whole, and not at all when something goes wrong. Nothing here
 * knows what an event means.
 *
 * To add one: another place a trace can come from or go to is a file here that gives a ByteSource or takes an OutputFile's part.
 *
 * @module
 */
export {openSource} from './file-source.js'
export {openTrace, openTraceText, type OpenTrace} from './open.js'
export {createOutput, linkedPath, recordTo, writeTrace, type OutputFile} from './output-file.js'
export {Recording, refuseImage} from './recording.js'
