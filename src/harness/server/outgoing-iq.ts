/** An IQ of type get or set, and what its answer must match. */
export interface OutgoingIq {
  readonly id: string;
  readonly from: string;
  /** Domain of the component. */
  readonly to: string;
  /** The whole stanza, with these addresses and this id. */
  readonly xml: string;
}
