'use strict';
// A throw-away Vendure shop for tests: an empty database in memory, an admin account, bearer tokens and a payment handler
// that takes anything. What the shop sells, and how it is taxed, shipped and paid, is made afterwards through its own Admin API.
//
// usage: node server.js PORT PASSWORD
// The modules are looked up in the working directory, so that this folder stays without any. PORT 0 takes a free one. Once
// the shop answers, one line of JSON with its port is written to standard output; everything else goes to standard error.
// The shop ends when its standard input does: a test that dies takes it along.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createRequire } = require('node:module');

const load = createRequire(path.join(process.cwd(), 'package.json'));
const { bootstrap, dummyPaymentHandler, DefaultLogger, LogLevel } = load('@vendure/core');

const port = Number(process.argv[2]);
const password = process.argv[3];
if (!Number.isInteger(port) || !password) {
    console.error('usage: node server.js PORT PASSWORD');
    process.exit(2);
}
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const assets = fs.mkdtempSync(path.join(os.tmpdir(), 'vendure-shop-'));
process.on('exit', () => fs.rmSync(assets, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => process.exit(0));
}
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

async function start() {
    const app = await bootstrap({
        apiOptions: { hostname: '127.0.0.1', port, cors: false },
        authOptions: {
            tokenMethod: 'bearer',
            superadminCredentials: { identifier: 'superadmin', password },
        },
        dbConnectionOptions: { type: 'sqljs', synchronize: true, autoSave: false, logging: false },
        paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
        importExportOptions: { importAssetsDir: assets },
        logger: new DefaultLogger({ level: LogLevel.Warn }),
    });
    const address = app.getHttpServer().address();
    say(JSON.stringify({ port: address.port }) + '\n');
}

start().catch(error => {
    console.error(error);
    process.exit(1);
});
