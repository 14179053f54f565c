"""Numbers and struct layouts of the WASI preview 1 document: errno, rights, flags, filetypes, records.

Little-endian throughout. `GuestError` carries an errno that has no counterpart on the host.
"""

from __future__ import annotations

import errno
import stat
from struct import Struct
from typing import Final, final

# fmt: off
ERRNO_NAMES: Final = (
    "SUCCESS", "2BIG", "ACCES", "ADDRINUSE", "ADDRNOTAVAIL", "AFNOSUPPORT", "AGAIN", "ALREADY", "BADF", "BADMSG",
    "BUSY", "CANCELED", "CHILD", "CONNABORTED", "CONNREFUSED", "CONNRESET", "DEADLK", "DESTADDRREQ", "DOM", "DQUOT",
    "EXIST", "FAULT", "FBIG", "HOSTUNREACH", "IDRM", "ILSEQ", "INPROGRESS", "INTR", "INVAL", "IO", "ISCONN", "ISDIR",
    "LOOP", "MFILE", "MLINK", "MSGSIZE", "MULTIHOP", "NAMETOOLONG", "NETDOWN", "NETRESET", "NETUNREACH", "NFILE",
    "NOBUFS", "NODEV", "NOENT", "NOEXEC", "NOLCK", "NOLINK", "NOMEM", "NOMSG", "NOPROTOOPT", "NOSPC", "NOSYS",
    "NOTCONN", "NOTDIR", "NOTEMPTY", "NOTRECOVERABLE", "NOTSOCK", "NOTSUP", "NOTTY", "NXIO", "OVERFLOW", "OWNERDEAD",
    "PERM", "PIPE", "PROTO", "PROTONOSUPPORT", "PROTOTYPE", "RANGE", "ROFS", "SPIPE", "SRCH", "STALE", "TIMEDOUT",
    "TXTBSY", "XDEV", "NOTCAPABLE",
)
# fmt: on
"""The name of each errno at its number."""

SUCCESS: Final = 0
AGAIN: Final = 6
BADF: Final = 8
ILSEQ: Final = 25
INVAL: Final = 28
IO: Final = 29
MFILE: Final = 33
NAMETOOLONG: Final = 37
NOTCAPABLE: Final = 76
NOTDIR: Final = 54
NOTSOCK: Final = 57
NOTSUP: Final = 58
OVERFLOW: Final = 61
SPIPE: Final = 70

# Host names that differ from WASI's.
_HOST_NAMES: Final = {"CANCELED": "ECANCELED", "TXTBSY": "ETXTBSY"}
FROM_HOST: Final[dict[int, int]] = {
    getattr(errno, host_name): number
    for number, name in enumerate(ERRNO_NAMES)
    if hasattr(errno, host_name := _HOST_NAMES.get(name, "E" + name))
}
"""Host errno -> WASI errno; what is missing is IO."""


@final
class GuestError(Exception):
    """Ends a call with this WASI errno."""

    def __init__(self, code: int) -> None:
        super().__init__(ERRNO_NAMES[code].lower())
        self.code = code


RIGHT_FD_DATASYNC: Final = 1 << 0
RIGHT_FD_READ: Final = 1 << 1
RIGHT_FD_SEEK: Final = 1 << 2
RIGHT_FD_FDSTAT_SET_FLAGS: Final = 1 << 3
RIGHT_FD_SYNC: Final = 1 << 4
RIGHT_FD_TELL: Final = 1 << 5
RIGHT_FD_WRITE: Final = 1 << 6
RIGHT_FD_ADVISE: Final = 1 << 7
RIGHT_FD_ALLOCATE: Final = 1 << 8
RIGHT_PATH_CREATE_DIRECTORY: Final = 1 << 9
RIGHT_PATH_CREATE_FILE: Final = 1 << 10
RIGHT_PATH_LINK_SOURCE: Final = 1 << 11
RIGHT_PATH_LINK_TARGET: Final = 1 << 12
RIGHT_PATH_OPEN: Final = 1 << 13
RIGHT_FD_READDIR: Final = 1 << 14
RIGHT_PATH_READLINK: Final = 1 << 15
RIGHT_PATH_RENAME_SOURCE: Final = 1 << 16
RIGHT_PATH_RENAME_TARGET: Final = 1 << 17
RIGHT_PATH_FILESTAT_GET: Final = 1 << 18
RIGHT_PATH_FILESTAT_SET_SIZE: Final = 1 << 19
RIGHT_PATH_FILESTAT_SET_TIMES: Final = 1 << 20
RIGHT_FD_FILESTAT_GET: Final = 1 << 21
RIGHT_FD_FILESTAT_SET_SIZE: Final = 1 << 22
RIGHT_FD_FILESTAT_SET_TIMES: Final = 1 << 23
RIGHT_PATH_SYMLINK: Final = 1 << 24
RIGHT_PATH_REMOVE_DIRECTORY: Final = 1 << 25
RIGHT_PATH_UNLINK_FILE: Final = 1 << 26
RIGHT_POLL_FD_READWRITE: Final = 1 << 27
RIGHT_SOCK_SHUTDOWN: Final = 1 << 28
RIGHT_SOCK_ACCEPT: Final = 1 << 29

RIGHTS_FILE: Final = (
    RIGHT_FD_DATASYNC
    | RIGHT_FD_READ
    | RIGHT_FD_SEEK
    | RIGHT_FD_FDSTAT_SET_FLAGS
    | RIGHT_FD_SYNC
    | RIGHT_FD_TELL
    | RIGHT_FD_WRITE
    | RIGHT_FD_ADVISE
    | RIGHT_FD_ALLOCATE
    | RIGHT_FD_FILESTAT_GET
    | RIGHT_FD_FILESTAT_SET_SIZE
    | RIGHT_FD_FILESTAT_SET_TIMES
    | RIGHT_POLL_FD_READWRITE
)
RIGHTS_DIRECTORY: Final = (
    RIGHT_PATH_CREATE_DIRECTORY
    | RIGHT_PATH_CREATE_FILE
    | RIGHT_PATH_LINK_SOURCE
    | RIGHT_PATH_LINK_TARGET
    | RIGHT_PATH_OPEN
    | RIGHT_FD_READDIR
    | RIGHT_PATH_READLINK
    | RIGHT_PATH_RENAME_SOURCE
    | RIGHT_PATH_RENAME_TARGET
    | RIGHT_PATH_FILESTAT_GET
    | RIGHT_PATH_FILESTAT_SET_SIZE
    | RIGHT_PATH_FILESTAT_SET_TIMES
    | RIGHT_FD_FILESTAT_GET
    | RIGHT_FD_FILESTAT_SET_TIMES
    | RIGHT_PATH_SYMLINK
    | RIGHT_PATH_REMOVE_DIRECTORY
    | RIGHT_PATH_UNLINK_FILE
)
RIGHTS_INHERITING: Final = RIGHTS_DIRECTORY | RIGHTS_FILE
RIGHTS_SOCKET: Final = (
    RIGHT_FD_READ
    | RIGHT_FD_WRITE
    | RIGHT_FD_FDSTAT_SET_FLAGS
    | RIGHT_FD_FILESTAT_GET
    | RIGHT_POLL_FD_READWRITE
    | RIGHT_SOCK_SHUTDOWN
    | RIGHT_SOCK_ACCEPT
)
RIGHTS_INPUT: Final = RIGHT_FD_READ | RIGHT_FD_FILESTAT_GET | RIGHT_POLL_FD_READWRITE
RIGHTS_OUTPUT: Final = RIGHT_FD_WRITE | RIGHT_FD_FILESTAT_GET | RIGHT_POLL_FD_READWRITE

FDFLAG_APPEND: Final = 1
FDFLAG_DSYNC: Final = 2
FDFLAG_NONBLOCK: Final = 4
FDFLAG_RSYNC: Final = 8
FDFLAG_SYNC: Final = 16
FDFLAGS: Final = 31

OFLAG_CREAT: Final = 1
OFLAG_DIRECTORY: Final = 2
OFLAG_EXCL: Final = 4
OFLAG_TRUNC: Final = 8
OFLAGS: Final = 15

LOOKUP_SYMLINK_FOLLOW: Final = 1

FST_ATIM: Final = 1
FST_ATIM_NOW: Final = 2
FST_MTIM: Final = 4
FST_MTIM_NOW: Final = 8
FSTFLAGS: Final = 15

FILETYPE_UNKNOWN: Final = 0
FILETYPE_BLOCK_DEVICE: Final = 1
FILETYPE_CHARACTER_DEVICE: Final = 2
FILETYPE_DIRECTORY: Final = 3
FILETYPE_REGULAR_FILE: Final = 4
FILETYPE_SOCKET_DGRAM: Final = 5
FILETYPE_SOCKET_STREAM: Final = 6
FILETYPE_SYMBOLIC_LINK: Final = 7

FILETYPES: Final[dict[int, int]] = {
    stat.S_IFBLK: FILETYPE_BLOCK_DEVICE,
    stat.S_IFCHR: FILETYPE_CHARACTER_DEVICE,
    stat.S_IFDIR: FILETYPE_DIRECTORY,
    stat.S_IFREG: FILETYPE_REGULAR_FILE,
    stat.S_IFSOCK: FILETYPE_SOCKET_STREAM,
    stat.S_IFLNK: FILETYPE_SYMBOLIC_LINK,
}
"""Host file type -> filetype; FIFOs have none and are UNKNOWN."""

WHENCE_SET: Final = 0
WHENCE_CUR: Final = 1
WHENCE_END: Final = 2

EVENT_CLOCK: Final = 0
EVENT_FD_READ: Final = 1
EVENT_FD_WRITE: Final = 2
EVENT_HANGUP: Final = 1
SUBSCRIPTION_CLOCK_ABSTIME: Final = 1

RIFLAG_PEEK: Final = 1
RIFLAG_WAITALL: Final = 2
ROFLAG_TRUNCATED: Final = 1

U16: Final = Struct("<H")
U32: Final = Struct("<I")
U64: Final = Struct("<Q")
IOVEC: Final = Struct("<II")
PRESTAT: Final = Struct("<B3xI")
FDSTAT: Final = Struct("<BxH4xQQ")
FILESTAT: Final = Struct("<QQB7xQQQQQ")
DIRENT: Final = Struct("<QQIB3x")
EVENT: Final = Struct("<QHB5xQH6x")
"""userdata, error, type, nbytes, flags"""
SUBSCRIPTION: Final = Struct("<QB7xI4xQQH6x")
"""userdata, type, clock id or fd, timeout, precision, flags"""

UNSTABLE_FILESTAT: Final = Struct("<QQB3xIQQQQ")
"""`wasi_unstable`: nlink has 32 bits."""
UNSTABLE_SUBSCRIPTION: Final = Struct("<QB7xQI4xQQH6x")
"""`wasi_unstable`: a clock has an identifier before its id; an fd is where that identifier is."""


def filetype_of(mode: int) -> int:
    """The filetype of an `st_mode`."""
    return FILETYPES.get(stat.S_IFMT(mode), FILETYPE_UNKNOWN)
