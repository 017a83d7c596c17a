/**
 * Method: images come into being, get another size, or are copied here: what writes whole images, beside `inspect`, which cannot
 * write. A file gets its name only when it is complete and stable; on a failure nothing is left of it. What a copy promises follows
 * from its cache mode, and the report says it.
 *
 * To add one: a way to bring bytes across is a step of the Copier in copy-data.ts.
 *
 * @module
 */
export {copyDocument} from './copy-document.js'
export {copyImage} from './copy.js'
export {resizeAndJudge} from './resize.js'
export {createDocument, resizeDocument} from './size-document.js'
