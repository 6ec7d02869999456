-- The catalogue, its people, and the outbox.

create table settings (
    name text not null primary key,
    value text not null
);

create table users (
    id uuid not null primary key,
    name text not null,
    external_id text,
    salutation text,
    first_name text,
    middle_name text,
    last_name text,
    email text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text not null
);

create table roles (
    id uuid not null primary key,
    name text not null,
    description text,
    "default" boolean not null,
    permissions jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint roles_name_key unique (name)
);

create table appointments (
    id uuid not null primary key,
    role_id uuid not null references roles (id) on delete cascade,
    entity_type text not null check (entity_type in ('User', 'Group')),
    entity_id uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint appointments_entity_id_key unique (role_id, entity_type, entity_id)
);
create index appointments_entity on appointments (entity_type, entity_id);

create table licenses (
    id uuid not null primary key,
    name text not null,
    url text not null,
    description text,
    expiry text not null check (expiry in ('indefinite', 'relative_date', 'absolute_date')),
    days_valid bigint check (days_valid >= 0),
    expires_at timestamptz check (expiry <> 'absolute_date' or expires_at is not null),
    uses bigint not null check (uses >= 0),
    seats bigint not null check (seats >= 0),
    grace_days bigint not null check (grace_days >= 0),
    external_id text,
    terms text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint licenses_name_key unique (name),
    constraint licenses_url_key unique (url)
);

create table interfaces (
    id uuid not null primary key,
    name text not null,
    uri text not null,
    version text not null,
    ordinal bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint interfaces_name_key unique (name),
    constraint interfaces_version_key unique (uri, version)
);

create table badges (
    id uuid not null primary key,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint badges_name_key unique (name)
);

create table products (
    id uuid not null primary key,
    name text not null,
    description text,
    user_id uuid not null references users (id),
    uri text,
    support_url text,
    external_id text,
    locale text,
    mime_type text,
    published_at timestamptz,
    visible_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    search text not null,
    constraint products_name_key unique (name)
);
create index products_by_name on products (lower(name), id);
create index products_user on products (user_id);

create table product_licenses (
    id uuid not null primary key,
    product_id uuid not null references products (id) on delete cascade,
    license_id uuid not null references licenses (id) on delete cascade,
    external_id text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint product_licenses_license_id_key unique (product_id, license_id)
);
create index product_licenses_license on product_licenses (license_id);

create table product_badges (
    product_id uuid not null references products (id) on delete cascade,
    badge_id uuid not null references badges (id) on delete cascade,
    primary key (product_id, badge_id)
);

create table builds (
    id uuid not null primary key,
    product_id uuid not null references products (id) on delete cascade,
    version text not null,
    build_version text,
    ordinal bigint not null,
    container_repository text,
    container_tag text,
    container_digest text,
    permissions jsonb not null,
    release_notes text,
    marketplace jsonb,
    validated_at timestamptz,
    published_at timestamptz,
    yanked_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint builds_version_key unique (product_id, version)
);
create index builds_newest on builds (product_id, ordinal, created_at, id);

create table configurations (
    id uuid not null primary key,
    build_id uuid not null references builds (id) on delete cascade,
    name text not null,
    "default" boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint configurations_name_key unique (build_id, name)
);

create table tasks (
    id uuid not null primary key,
    configuration_id uuid not null references configurations (id) on delete cascade,
    name text not null,
    minimum bigint not null check (minimum >= 0),
    maximum bigint not null check (maximum = 0 or maximum >= minimum),
    memory bigint not null check (memory >= 1),
    memory_minimum bigint check (memory_minimum >= 1 and memory_minimum <= memory),
    options jsonb not null,
    ports jsonb not null,
    cron text,
    environment jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tasks_name_key unique (configuration_id, name)
);

create table dependencies (
    id uuid not null primary key,
    build_id uuid not null references builds (id) on delete cascade,
    interface_id uuid references interfaces (id),
    dependency_product_id uuid,
    dependency_build_ids jsonb not null,
    required boolean not null,
    mappings jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (interface_id is not null or dependency_product_id is not null)
);
create index dependencies_build on dependencies (build_id);
create index dependencies_interface on dependencies (interface_id);

create table exposures (
    id uuid not null primary key,
    build_id uuid not null references builds (id) on delete cascade,
    interface_id uuid not null references interfaces (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint exposures_interface_id_key unique (build_id, interface_id)
);
create index exposures_interface on exposures (interface_id);

create table parameters (
    id uuid not null primary key,
    exposure_id uuid not null references exposures (id) on delete cascade,
    name text not null,
    required boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint parameters_name_key unique (exposure_id, name)
);

-- The outbox. An event is written in the transaction of the change that it tells of. Its position comes from the row
-- "events" of streams, which stays locked until the commit: positions have no gap and are in order of commit.

create table streams (
    name text not null primary key,
    last_offset bigint not null
);
insert into streams (name, last_offset) values ('events', 0);

create table events (
    position bigint not null primary key,
    id uuid not null,
    event_type text not null,
    resource_type text not null,
    resource_id uuid not null,
    product_id uuid,
    build_id uuid,
    withdrawn boolean not null,
    body text not null,
    occurred_at timestamptz not null,
    constraint events_id_key unique (id)
);

create table event_streams (
    stream text not null,
    stream_offset bigint not null,
    position bigint not null references events (position) on delete cascade,
    primary key (stream, stream_offset)
);
create index event_streams_position on event_streams (position);
