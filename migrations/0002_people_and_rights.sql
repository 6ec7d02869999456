-- People, what runs on their platforms, the rights to products, families of products, and answers to repeated requests.

create table groups (
    id uuid not null primary key,
    name text not null,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint groups_name_key unique (name)
);

create table members (
    id uuid not null primary key,
    group_id uuid not null references groups (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint members_user_id_key unique (group_id, user_id)
);
create index members_user on members (user_id);

-- Appointments made anew, so that they go with whom they are of: the entity is a user or a group.
create table appointments_before as select * from appointments;
drop table appointments;
create table appointments (
    id uuid not null primary key,
    role_id uuid not null references roles (id) on delete cascade,
    entity_type text not null check (entity_type in ('User', 'Group')),
    entity_id uuid not null,
    user_id uuid generated always as (case when entity_type = 'User' then entity_id end) stored
        references users (id) on delete cascade,
    group_id uuid generated always as (case when entity_type = 'Group' then entity_id end) stored
        references groups (id) on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint appointments_entity_id_key unique (role_id, entity_type, entity_id)
);
create index appointments_user on appointments (user_id);
create index appointments_group on appointments (group_id);
insert into appointments (id, role_id, entity_type, entity_id, created_at, updated_at)
    select id, role_id, entity_type, entity_id, created_at, updated_at from appointments_before;
drop table appointments_before;

create table identity_providers (
    id uuid not null primary key,
    name text not null,
    issuer text not null,
    client_id text not null,
    client_secret bytea not null,
    alternate_client_id text,
    scopes text,
    enabled_at timestamptz,
    configuration jsonb,
    public_keys jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint identity_providers_name_key unique (name),
    constraint identity_providers_issuer_key unique (issuer)
);

create table identities (
    id uuid not null primary key,
    user_id uuid not null references users (id) on delete cascade,
    identity_provider_id uuid not null references identity_providers (id) on delete cascade,
    sub text not null,
    iat timestamptz,
    hd text,
    locale text,
    email text,
    jwt jsonb not null,
    notify_via_email boolean not null,
    notify_via_sms boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint identities_sub_key unique (identity_provider_id, sub)
);
create index identities_user on identities (user_id);

create table tokens (
    id uuid not null primary key,
    user_id uuid not null references users (id) on delete cascade,
    identity_id uuid references identities (id) on delete cascade,
    name text,
    expires_at timestamptz not null,
    scopes jsonb not null,
    last_used_at timestamptz,
    secret text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tokens_secret_key unique (secret)
);
create index tokens_user on tokens (user_id);
create index tokens_identity on tokens (identity_id);

create table platforms (
    id uuid not null primary key,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    public_key text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint platforms_name_key unique (user_id, name)
);

create table instances (
    id uuid not null primary key,
    platform_id uuid not null references platforms (id) on delete cascade,
    build_id uuid not null references builds (id) on delete cascade,
    configuration_id uuid references configurations (id) on delete set null,
    launch_bindings jsonb not null,
    deployed_at timestamptz,
    state text not null,
    state_message text,
    last_seen_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index instances_platform on instances (platform_id);
create index instances_build on instances (build_id);
create index instances_configuration on instances (configuration_id);

create table sub_products (
    id uuid not null primary key,
    parent_id uuid not null references products (id) on delete cascade,
    child_id uuid not null references products (id) on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (parent_id <> child_id),
    constraint sub_products_child_id_key unique (parent_id, child_id)
);
create index sub_products_child on sub_products (child_id);

create table surrogates (
    id uuid not null primary key,
    interface_id uuid not null references interfaces (id) on delete cascade,
    substitute_id uuid not null references interfaces (id) on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (interface_id <> substitute_id),
    constraint surrogates_substitute_id_key unique (interface_id, substitute_id)
);
create index surrogates_substitute on surrogates (substitute_id);

create table entitlements (
    id uuid not null primary key,
    user_id uuid not null references users (id) on delete cascade,
    product_license_id uuid not null references product_licenses (id) on delete cascade,
    valid_from timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index entitlements_user on entitlements (user_id);
create index entitlements_product_license on entitlements (product_license_id);

create table claims (
    id uuid not null primary key,
    entitlement_id uuid not null references entitlements (id) on delete cascade,
    claimant_type text not null check (claimant_type in ('User', 'Group')),
    claimant_id uuid not null,
    user_id uuid generated always as (case when claimant_type = 'User' then claimant_id end) stored
        references users (id) on delete cascade,
    group_id uuid generated always as (case when claimant_type = 'Group' then claimant_id end) stored
        references groups (id) on delete cascade,
    authorization_count bigint not null check (authorization_count >= 0),
    authorized_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint claims_claimant_id_key unique (entitlement_id, claimant_type, claimant_id)
);
create index claims_user on claims (user_id);
create index claims_group on claims (group_id);

create table vouchers (
    id uuid not null primary key,
    product_license_id uuid not null references product_licenses (id) on delete cascade,
    code text not null,
    issued_at timestamptz not null,
    expires_at timestamptz,
    entitlement_id uuid references entitlements (id) on delete set null,
    redeemed_at timestamptz,
    redeemed_by uuid references users (id) on delete set null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint vouchers_code_key unique (code)
);
create index vouchers_product_license on vouchers (product_license_id);
create index vouchers_entitlement on vouchers (entitlement_id);
create index vouchers_redeemed_by on vouchers (redeemed_by);

-- A record of what was asked outlives whom and what it was about, so it refers to nothing.
create table attempts (
    id uuid not null primary key,
    product_id uuid not null,
    claimant_type text not null check (claimant_type in ('User', 'Group')),
    claimant_id uuid not null,
    user_id uuid generated always as (case when claimant_type = 'User' then claimant_id end) stored,
    claim_id uuid,
    outcome text not null check (outcome in ('granted', 'refused')),
    reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index attempts_product on attempts (product_id, created_at);
create index attempts_user on attempts (user_id);

create table idempotency_keys (
    name text not null primary key,
    fingerprint text not null,
    answer bytea,
    created_at timestamptz not null
);
create index idempotency_keys_created on idempotency_keys (created_at);
