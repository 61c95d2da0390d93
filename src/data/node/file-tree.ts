import { readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { openFileSource } from '../../formats/node/file-source.js';
import { nodeInflate } from '../../formats/node/inflate.js';
import { openZip } from '../../formats/zip/read.js';
import { readFileBounded } from '../../runtime/node/files.js';

/** Files by name, in a folder or in a zip archive. */
export interface FileTree {
  /** Paths within the tree, with `/` between their parts, in lexicographic order. */
  readonly names: readonly string[];
  /** Where a file lies, for messages. */
  where(name: string): string;
  /**
   * @param limit most bytes that the file may have.
   * @throws UserError when it is larger, cannot be read, or is damaged.
   */
  read(name: string, limit: number): Promise<Uint8Array>;
  close(): void;
}

/**
 * Opens a folder with all folders below it, or a zip archive.
 * @throws UserError when the archive is damaged.
 */
export function openTree(path: string): FileTree {
  return statSync(path).isDirectory() ? openFolder(path) : openArchive(path);
}

function openFolder(root: string): FileTree {
  const entries = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return {
    names: entries.map((name) => name.split(sep).join('/')).sort(),
    where: (name) => join(root, name),
    read: (name, limit) => readFileBounded(join(root, name), limit),
    close: () => {},
  };
}

function openArchive(path: string): FileTree {
  const file = openFileSource(path);
  try {
    const zip = openZip(file, path, { inflate: nodeInflate });
    return {
      names: [...zip.entries.keys()].sort(),
      where: (name) => `${path}: ${name}`,
      read: async (name, limit) => zip.read(name, limit),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens trees, and closes them when the work with them is done or has failed. */
export async function withTrees<T>(paths: readonly string[], work: (trees: readonly FileTree[]) => Promise<T>): Promise<T> {
  const trees: FileTree[] = [];
  try {
    for (const path of paths) trees.push(openTree(path));
    return await work(trees);
  } finally {
    for (const tree of trees) tree.close();
  }
}
