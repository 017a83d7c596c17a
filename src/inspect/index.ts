/**
 * Method: looks at an image and its host without changing a byte, and turns what it finds into documents. Read-only by type:
 * nothing here gets an image opened for writing.
 *
 * @module
 */
export {hexDump, rawBytes} from './dump.js'
export {dataRanges, mapExtents} from './extent-map.js'
export {hostDocument} from './host-document.js'
export {mapDocument} from './map-document.js'
export {rangeOf} from './range-choice.js'
export {openTarget, type Target} from './target.js'
export {markZeroes} from './zero-scan.js'
