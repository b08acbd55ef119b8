import type { Registration } from '../../core/registration.ts';
import type { RegistrationRequest } from '../../core/registration.ts';
import { foldedKey, shortKey } from '../../core/short-key.ts';
import type { FoundRow, RegistrationRow } from '../schema/tables.ts';

/** The row that stores a registration. */
export function toRow(
  request: RegistrationRequest,
  node: string,
  secret: string | null,
  nowMs: number,
): RegistrationRow {
  return {
    node_key: shortKey(node),
    node,
    app: request.app,
    convention: request.convention,
    account: request.account,
    account_key: foldedKey(request.account),
    device: request.device === request.token ? null : request.device,
    device_key: foldedKey(request.device),
    token: request.token,
    token_key: foldedKey(request.token),
    second_token: request.secondToken ?? null,
    secret,
    account_hash: null,
    environment: null,
    registered_at_ms: nowMs,
    room: request.room ?? null,
    component: request.component ?? null,
    times_registered: 1,
    is_restored: 0,
    removed_at_ms: null,
    removal_reason: null,
    accepted_at_ms: null,
    first_registered_at_ms: nowMs === 0 ? null : nowMs,
    published_at_ms: null,
    publish_outcome: null,
    pushed_at_ms: null,
    push_result: null,
  };
}

/** The registration that a row holds. */
export function toRegistration(row: FoundRow): Registration {
  return {
    node: row.node,
    app: row.app,
    convention: row.convention,
    account: row.account,
    device: row.device ?? row.token,
    token: row.token,
    tokenKey: row.token_key,
    ...(row.second_token !== null && { secondToken: row.second_token }),
    ...(row.secret !== null && { secret: row.secret }),
    ...(row.account_hash !== null && { accountHash: row.account_hash }),
    ...(row.environment !== null && { environment: row.environment }),
    ...(row.room !== null && { room: row.room }),
    ...(row.component !== null && { component: row.component }),
    registeredAtMs: row.registered_at_ms,
    ...(row.is_restored === 1 && { isRestored: true }),
    ...(row.accepted_at_ms !== null && { wasAccepted: true }),
  };
}
