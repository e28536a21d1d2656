/**
 * What we use of `node:http` itself. An import would read every export of it, and with them load the half of node that
 * fetches: 7 MB that a server never uses.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
