/**
 * Method: before the first request a device offers features and a driver accepts some. What follows from that is derived here
 * from the facts of the front end in its era and from the cache mode: is there a write cache, is the guest told, does its driver
 * flush, which barrier mode does it declare, which requests are executed. A barrier mode somebody asks for can be held against
 * the device. No front end is named in a rule, except that Xen's operations have answers of their own.
 *
 * To add one: a feature is a row in the vocabulary of its front end (frontend room). A new meaning of features is a FeatureEffect
 * there and the place here that asks for it.
 *
 * @module
 */
export type {Agreement, NegotiationQuestion} from './agreement.js'
export {configOf} from './config.js'
export {negotiate} from './negotiate.js'
export {orderingCaution, orderingObstacle, requireOrdering, requirementsOf} from './requirements.js'
