import type {House} from './house.js'
import {IMPORT_RULES} from './import-rules.js'
import {TEXT_RULES} from './text-rules.js'
import {TREE_RULES} from './tree-rules.js'

/** Looks at the house and names what is wrong, one line each, beginning with the path where there is one. */
export type Rule = (house: House) => string[]

/** Every rule, by the sentence it enforces. */
export const RULES = {...IMPORT_RULES, ...TREE_RULES, ...TEXT_RULES}

export type RuleName = keyof typeof RULES
