/** What is known of the apps that register with a provider id that others publish. */
export interface KnownClient {
  readonly name: string;
  /** The provider id that it registers with. */
  readonly id: string;
  /** The notification category by which it takes its notifications off the screen. */
  readonly clearsCategory: string;
  /** It crashes on some sealed notifications that are not to be shown, and does nothing with the others. */
  readonly crashesOnUnimportant: true;
}

/** Read in their sources: Siskin IM 7.3 and Snikket for iOS 1.2. */
export const knownClients: readonly KnownClient[] = [
  { name: 'Siskin IM', id: 'tigase:messenger:apns:1', clearsCategory: 'MESSAGE', crashesOnUnimportant: true },
  { name: 'Snikket for iOS', id: 'snikket:apns:1', clearsCategory: 'MESSAGE', crashesOnUnimportant: true },
];

/** The known clients that an app with these ids serves. */
export function clientsOf(ids: readonly string[]): readonly KnownClient[] {
  return knownClients.filter(({ id }) => ids.includes(id));
}
