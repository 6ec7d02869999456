-- Deployments: what an instance is wanted to be, how it comes by newer builds, what it last printed, and which of a
-- platform's agents keeps it.

alter table instances add column wanted text not null default 'running';
alter table instances add column updates text not null default 'approve';
alter table instances add column maintenance text;
alter table instances add column maintenance_minutes bigint not null default 60;
alter table instances add column previous_build_id uuid references builds (id) on delete set null;
alter table instances add column previous_configuration_id uuid references configurations (id) on delete set null;
create index instances_previous_build_id on instances (previous_build_id);
create index instances_previous_configuration_id on instances (previous_configuration_id);
create index instances_automatic on instances (id) where updates = 'automatic';

create table instance_logs (
    instance_id uuid not null primary key references instances (id) on delete cascade,
    content text not null,
    updated_at timestamptz not null
);

create table platform_keepers (
    platform_id uuid not null primary key references platforms (id) on delete cascade,
    agent_id uuid not null,
    address text,
    since timestamptz not null,
    seen_at timestamptz not null
);
