-- Files: what is in the store of files, and what refers to it. A file is named by the SHA-256 of its content; it is removed
-- some time after nothing refers to it any more.

create table files (
    sha256 text not null primary key,
    size bigint not null check (size >= 0),
    created_at timestamptz not null,
    touched_at timestamptz not null
);
create index files_touched on files (touched_at);

create table screenshots (
    id uuid not null primary key,
    product_id uuid not null references products (id) on delete cascade,
    caption text not null,
    image_sha256 text not null references files (sha256),
    image_media_type text not null,
    image_updated_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint screenshots_caption_key unique (product_id, caption)
);
create index screenshots_image on screenshots (image_sha256);

create table logos (
    id uuid not null primary key,
    product_id uuid not null references products (id) on delete cascade,
    image_sha256 text not null references files (sha256),
    image_media_type text not null,
    image_updated_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint logos_product_id_key unique (product_id)
);
create index logos_image on logos (image_sha256);

alter table builds add column asset_sha256 text references files (sha256);
alter table builds add column asset_size bigint;
alter table builds add column asset_media_type text;
alter table builds add column asset_name text;
create index builds_asset on builds (asset_sha256);
