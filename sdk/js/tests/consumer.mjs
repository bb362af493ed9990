/**
 * What somebody who has installed the package sees: `node consumer.mjs <project>` loads every way in with Node alone, and
 * checks a program in TypeScript against the types that were installed. Prints what is wrong, if anything.
 */
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from '@tsd/typescript';

const project = process.argv[2];
const file = join(project, 'program.ts');
writeFileSync(
  file,
  `import { mp, MpError, type TypedDocument } from '@citytong/sdk';
import { wx } from '@citytong/sdk/wx';
import { createMockHost } from '@citytong/sdk/testing';

const Loans: TypedDocument<{ loans: string[] }, { first: number }> = { documentId: 'Loans' };
export async function loans(): Promise<string[]> {
  createMockHost({ grants: ['city.user.phone'] }).respond('scanCode', { result: 'A1', scanType: 'qrCode' });
  try {
    const { data, withheld } = await mp.graphql(Loans, { first: 10 });
    return withheld.length ? [] : data.loans;
  } catch (error) {
    if (MpError.is(error, 'E_USER_CANCEL')) wx.showToast({ title: error.errMsg });
    throw error;
  }
}
// @ts-expect-error: the types are there, and say no
mp.scanCode({ onlyFromCamera: 'yes' });
`,
);

const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] };
const program = ts.createProgram([file], options);
const faults = ts.getPreEmitDiagnostics(program).map(({ file: at, messageText }) => `${at?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);

const require = createRequire(join(project, 'package.json'));
const index = await import(require.resolve('@citytong/sdk'));
const { wx } = await import(require.resolve('@citytong/sdk/wx'));
const { createMockHost } = await import(require.resolve('@citytong/sdk/testing'));
const outside = await index.mp.login().catch((error) => error.code);
const host = createMockHost({ user: { openid: 'o_1' } });
const inside = await wx.login();
host.fail('login', 'E_USER_CANCEL');
const refused = await index.mp.login().catch((error) => [error instanceof index.MpError, error.code]);
host.close();

console.log(JSON.stringify({ faults, exports: Object.keys(index), outside, inside, refused }));
