import { createHash, randomUUID } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../../core/errors.js';
import { explainWrite } from '../../../../runtime/node/files.js';
import { type Connection, SCHEMA } from './connection.js';

/** Bytes of a part; one statement carries one, and signs of life wait for it. */
const PART = 2 ** 18;
/** Most bytes of a file and most files of a cell: several times those of the largest models here. */
const LARGEST = 2 ** 31;
const MOST = 100;

/** The files of a cell as they lie in the database. */
export const uploadSchema = z.object({
  /** Tells it from uploads of others who did the same cell. */
  id: z.uuid(),
  files: z
    .array(
      z.object({
        path: z.string().regex(/^\w[\w.-]{0,99}$/),
        bytes: z.int().min(0).max(LARGEST),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(MOST),
});

export type Upload = z.infer<typeof uploadSchema>;

/** Copies the files of a finished cell into the database, where nobody looks for them until its outcome names the upload. */
export async function upload(connection: Connection, cell: string, folder: string): Promise<Upload> {
  const id = randomUUID();
  const files: Upload['files'] = [];
  for (const path of (await readdir(folder)).sort()) {
    const handle = await open(join(folder, path));
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for (let number = 0; ; number++) {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(PART), 0, PART, bytes);
        if (bytesRead === 0) break;
        const part = buffer.subarray(0, bytesRead);
        hash.update(part);
        bytes += bytesRead;
        await connection.query(`INSERT INTO ${SCHEMA}.part (upload, cell, path, number, bytes) VALUES ($1, $2, $3, $4, $5)`, [
          id,
          cell,
          path,
          number,
          part,
        ]);
      }
      files.push({ path, bytes, sha256: hash.digest('hex') });
    } finally {
      await handle.close();
    }
  }
  return uploadSchema.parse({ id, files });
}

/** Removes all uploads of a cell but one; those are of workers that died, or came late. */
export async function discardOthers(connection: Connection, cell: string, { id }: Upload): Promise<void> {
  await connection.query(`DELETE FROM ${SCHEMA}.part WHERE cell = $1 AND upload <> $2`, [cell, id]);
}

/** Removes an upload that no outcome names. */
export async function discard(connection: Connection, { id }: Upload): Promise<void> {
  await connection.query(`DELETE FROM ${SCHEMA}.part WHERE upload = $1`, [id]);
}

/** Writes the files of a cell into an empty folder that nobody looks into yet. @throws UserError when they are not what was put there. */
export async function download(connection: Connection, cell: string, { id, files }: Upload, folder: string): Promise<void> {
  for (const { path, bytes, sha256 } of files) {
    const file = join(folder, path);
    const written = <T>(work: Promise<T>) =>
      work.catch((error: unknown) => {
        throw explainWrite(error, file);
      });
    const hash = createHash('sha256');
    const handle = await written(open(file, 'wx'));
    try {
      let left = bytes;
      for (let number = 0; left > 0; number++) {
        const text = `SELECT bytes FROM ${SCHEMA}.part WHERE upload = $1 AND path = $2 AND number = $3`;
        const [row] = await connection.query<{ bytes: Buffer }>(text, [id, path, number]);
        if (!row || row.bytes.length === 0 || row.bytes.length > left) throw damaged(connection, cell, path);
        hash.update(row.bytes);
        await written(handle.writeFile(row.bytes));
        left -= row.bytes.length;
      }
      await written(handle.sync());
    } finally {
      await handle.close();
    }
    if (hash.digest('hex') !== sha256) throw damaged(connection, cell, path);
  }
}

/** The error about a file that is not as it was. */
export function damaged({ options: { address } }: Connection, cell: string, path: string): UserError {
  const remedy = `delete the row ${SCHEMA}.job with the id that begins with ${cell.slice(0, 8)}, and run the same command again`;
  return new UserError(`the queue at ${address.shown} does not have ${path} of cell ${cell} as it was put there; ${remedy}`);
}
