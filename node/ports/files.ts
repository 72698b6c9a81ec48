/** Files of this machine that an operation reads or writes. Paths are absolute; what cannot be is thrown as an AtollError. */

export interface SourceFile extends AsyncDisposable {
  /** Its size when it was opened, in bytes. */
  readonly size: number
  /** Reads on from a place. @returns how many bytes came; 0 at the end */
  read(into: Uint8Array, at: number): Promise<number>
  /** Whether it is another than when it was opened. */
  changed(): Promise<boolean>
}

/** A file in the making: nobody sees it under its name before it is whole. Disposing one that was not finished deletes it. */
export interface NewFile extends AsyncDisposable {
  /** What is not written is zero, and takes no room on disks that can do so. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /** Makes it so long, durable, and visible. Throws file_exists when something has come to stand there meanwhile. */
  finish(size: number): Promise<void>
}

export interface LocalFiles {
  /** Throws file_unreadable. */
  open(path: string): Promise<SourceFile>
  /** Where a file goes: the path itself, or under `name` where the path is a directory. */
  target(path: string, name: string): Promise<string>
  /** Throws file_exists, file_unwritable or disk_reserve. @param size how long it will be */
  create(path: string, size: number, overwrite: boolean): Promise<NewFile>
}
