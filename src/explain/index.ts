/**
 * Method: what is known before anything runs, as documents: every cache mode side by side, one mode in half a page, front ends
 * under modes for an era, the configuration space of a virtio disk. The rooms below derive the answers; this room puts them
 * into tables with footnotes and into JSON, and adds no knowledge of its own.
 *
 * @module
 */
export {configSpaceDocument} from './config-space-document.js'
export {matrixDocument} from './matrix-document.js'
export {matrixOf, type MatrixQuestion} from './matrix.js'
export {modeDocument} from './mode-document.js'
export {modesDocument} from './modes-document.js'
