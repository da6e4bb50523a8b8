"""The public client `spsftp`, driven from the command line by tests/support/spsftp.rs.

    spsftp_client.py PORT KEY LOGIN NAME send PEER FILE...
    spsftp_client.py PORT KEY LOGIN NAME recv PEER DIRECTORY NAME...

LOGIN is the account of the test's server, NAME the SFTP user it stands for.
"""

import os
import sys
import warnings

warnings.simplefilter("ignore")

from spsftp import SpSftp


def main():
    port, key, login, name, verb, peer, *rest = sys.argv[1:]
    settings = {"user": login, "host": "127.0.0.1", "port": port, "ssh_key_path": key}
    client = SpSftp(settings)
    client.connect()
    client.username = name
    if verb == "send":
        for path in rest:
            with open(path, "rb") as file:
                client.send(file, os.path.basename(path), peer)
    else:
        directory, *names = rest
        for name in names:
            with open(os.path.join(directory, name), "wb") as file:
                client.recv(name, file, peer)
    client.disconnect()


main()
