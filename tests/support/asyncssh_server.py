"""An SFTP server by asyncssh, for the tests: serves the directory it is started in to
whoever has the key.

    python asyncssh_server.py HOST_KEY AUTHORIZED_KEYS

Says its port, and ends when its standard input does: with the test, whatever comes of it.
"""

import asyncio
import sys

import asyncssh


async def serve(host_key, authorized_keys):
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        sftp_factory=True,
    )
    print(server.get_port(), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(serve(*sys.argv[1:]))
