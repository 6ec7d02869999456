-- Packages: the keys that publishers sign with, the signatures of builds, and files on their way into a package.

create table publisher_keys (
    id uuid not null primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    public_key text not null,
    fingerprint text not null,
    revoked_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint publisher_keys_name_key unique (user_id, name)
);
create index publisher_keys_fingerprint on publisher_keys (user_id, fingerprint);

-- A signature says itself by which key it was made: it outlasts what the marketplace knows of that.
alter table builds add column signature text;
alter table builds add column publisher_key_id uuid references publisher_keys (id) on delete set null;
create index builds_publisher_key_id on builds (publisher_key_id);

-- Files that somebody has sent for a package that is not published yet. Only who sent one can have it in a package.
create table uploads (
    user_id uuid not null references users (id) on delete cascade,
    sha256 text not null references files (sha256),
    kind text not null,
    media_type text,
    created_at timestamptz not null,
    primary key (user_id, sha256, kind)
);
create index uploads_sha256 on uploads (sha256);
create index uploads_created_at on uploads (created_at);
