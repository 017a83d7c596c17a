import {printExpression} from './expression.js'
import {OPTION_ROWS} from './option.js'
import type {Program, ProgramNode, RequestNode} from './program.js'
import {printCdb} from './scsi.js'
import {printSetting} from './setting.js'

/**
 * The batch in its canonical form: keywords in capitals, options in the order of the grammar, REPEATs indented, no comments.
 * Parsing it gives the same program again, but for lines and columns.
 */
export function printBatch(program: Program): string {
  const lines: string[] = []
  printNodes(program.nodes, '', lines)
  return lines.map((line) => `${line}\n`).join('')
}

function printNodes(nodes: readonly ProgramNode[], indent: string, lines: string[]): void {
  for (const node of nodes) {
    switch (node.kind) {
      case 'request':
        lines.push(`${indent}${printRequest(node)}`)
        break
      case 'wait':
        lines.push(`${indent}WAIT`)
        break
      case 'mark':
        lines.push(`${indent}MARK ${node.name.text}`)
        break
      case 'repeat':
        lines.push(`${indent}REPEAT ${printExpression(node.count.expression)}`)
        printNodes(node.body, `${indent}  `, lines)
        lines.push(`${indent}END`)
    }
  }
}

function printRequest(node: RequestNode): string {
  const words: string[] = [node.keyword]
  for (const operand of [node.type, node.offset, node.length]) {
    if (operand) words.push(printExpression(operand.expression))
  }
  if (node.cdb) words.push(printCdb(node.cdb))
  if (node.on !== undefined) words.push(printSetting(node.on))
  for (const row of OPTION_ROWS) {
    const word = row.print(node.options)
    if (word !== undefined) words.push(word)
  }
  return words.join(' ')
}
