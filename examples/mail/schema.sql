-- Mailboxes: one name for everybody, and a partition for each user, which nobody else can read.
CREATE NAMESPACE mail;

CREATE USER TABLE mail.messages (
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL DEFAULT 'inbox',
  sender TEXT NOT NULL,
  subject TEXT,
  sent_at TIMESTAMP,
  body TEXT
);

-- Address book: the same rows for all.
CREATE SHARED TABLE mail.senders (
  address TEXT PRIMARY KEY,
  name TEXT,
  domain TEXT
) ACCESS public;
