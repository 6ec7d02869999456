-- Events: how they are kept, what lost connections had, and which agents are there.

-- Old events go, by their age or by their number.
create index events_occurred_at on events (occurred_at);
create index event_streams_stream_position on event_streams (stream, position);

-- What connections that were lost had subscribed to, for a few minutes: whoever comes back has it again.
create table cable_sessions (
    id uuid not null primary key,
    principal text not null,
    identifiers jsonb not null,
    ended_at timestamptz not null
);
create index cable_sessions_ended_at on cable_sessions (ended_at);

-- Agents that are connected on behalf of a platform. A row that is not seen for a minute is of one that is gone.
create table agents (
    id uuid not null primary key,
    platform_id uuid not null references platforms (id) on delete cascade,
    address text,
    connected_at timestamptz not null,
    seen_at timestamptz not null
);
create index agents_platform_id on agents (platform_id);
create index agents_seen_at on agents (seen_at);

alter table platforms add column state text not null default 'offline';
alter table platforms add column last_seen_at timestamptz;
create index platforms_online on platforms (last_seen_at) where state = 'online';

-- What agents have told of instances; only the last of each are kept.
create table reports (
    id uuid not null primary key,
    instance_id uuid not null references instances (id) on delete cascade,
    state text not null,
    message text,
    detail jsonb,
    created_at timestamptz not null
);
create index reports_instance_id on reports (instance_id, created_at);

-- Products and builds that become visible later are told of then.
create index products_visible_at on products (visible_at);
