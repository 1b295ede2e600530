// Unpacks the Chromium of the npm package, with the libraries and fonts that a bare machine lacks, into ./unpacked.
//
// The package unpacks into the folder for temporary files, and its libraries only if it believes to be on AWS Lambda.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("unpacked", import.meta.url));
mkdirSync(folder, { recursive: true });
process.env.TMPDIR = folder;
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";

const { default: chromium } = await import("@sparticuz/chromium");
chromium.setGraphicsMode = false;
console.log(await chromium.executablePath());
