-- Signing in: keys, sign-ins under way, what is given out once; and the log of who changed what.

-- The keys that the marketplace signs with. Public ones stay, so that what was signed can be checked for good; of the
-- private ones only those that still sign.
create table signing_keys (
    id text not null primary key,
    public_key text not null,
    private_key bytea,
    created_at timestamptz not null,
    revoked_at timestamptz
);

-- Somebody is at an identity provider: what must come back, by the hash of the state that went along.
create table sign_ins (
    state text not null primary key,
    identity_provider_id uuid not null references identity_providers (id) on delete cascade,
    nonce bytea not null,
    code_verifier bytea not null,
    redirect_uri text not null,
    browser text,
    return_to text,
    code_challenge text,
    created_at timestamptz not null
);
create index sign_ins_created on sign_ins (created_at);

-- Codes that programs on the user's machine swap for a session, each once (RFC 7636), by their hashes.
create table session_codes (
    code text not null primary key,
    identity_id uuid not null references identities (id) on delete cascade,
    code_challenge text not null,
    created_at timestamptz not null
);
create index session_codes_created on session_codes (created_at);

-- Devices that wait for somebody to approve them (RFC 8628), by the hashes of their codes.
create table device_codes (
    device_code text not null primary key,
    user_code text not null,
    client text not null,
    user_id uuid references users (id) on delete cascade,
    identity_id uuid references identities (id) on delete cascade,
    denied boolean not null,
    polled_at timestamptz,
    created_at timestamptz not null,
    constraint device_codes_user_code_key unique (user_code)
);
create index device_codes_created on device_codes (created_at);
create index device_codes_user on device_codes (user_id);
create index device_codes_identity on device_codes (identity_id);

-- Assertions that platforms have signed in with, by the hashes of their ids, so that none counts twice.
create table used_assertions (
    id text not null primary key,
    expires_at timestamptz not null
);
create index used_assertions_expires on used_assertions (expires_at);

-- Who changed what. It outlives whom and what it is about, so it refers to nothing.
create table audit_events (
    id uuid not null primary key,
    action text not null,
    resource_type text not null,
    resource_id uuid,
    user_id uuid,
    platform_id uuid,
    token_id uuid,
    address text,
    before jsonb,
    after jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index audit_events_created on audit_events (created_at, id);
create index audit_events_resource on audit_events (resource_id, created_at);
create index audit_events_user on audit_events (user_id, created_at);

alter table identity_providers add column discovered_at timestamptz;
insert into streams (name, last_offset) values ('access', 0);
