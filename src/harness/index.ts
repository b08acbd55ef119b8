/** `sealpost/harness`: what other projects test their own push app server with. */
export { type Acceptor, type AcceptorOptions, type ConflictRule, createAcceptor, type OutgoingIq } from './acceptor.ts';
export { type ComponentConnection } from './acceptor-connection.ts';
export { createApnsStandIn } from './apns-stand-in.ts';
export { blast, type BlastOptions, type BlastReport } from './blast.ts';
export { createApnsKey, createAuthority, createServiceAccount } from './certificates.ts';
export { type Client, type ClientOptions, createClient } from './client.ts';
export {
  type ClientModel,
  type DeviceTokens,
  type RegistrationReading,
  sealingAndroid,
  siskin,
  snikket,
  stork,
} from './client-models.ts';
export type { ReceivedPush, Script, StandIn } from './contract.ts';
export { type DeviceModel, type DeviceView, receivePush, type Shown } from './device.ts';
export { type EnableAnswer, type EnabledDevice } from './enabling.ts';
export { type EventKind, type OmemoForDevice, type ServerEvent } from './event.ts';
export { createFcmStandIn } from './fcm-stand-in.ts';
export { describeSettings } from './provider-settings.ts';
export { readOmemo } from './omemo.ts';
export {
  openOmemoPayload,
  type OmemoForm,
  type OmemoKey,
  type OmemoPayload,
  readOmemoOfPayload,
  sealOmemoPayload,
  writeOmemoMessage,
} from './omemo-message.ts';
export { type Opening, type OpeningRefusal, openSealed } from './opening.ts';
export { describeEvent, fitPayload, type FittedPayload, type SealedPayload } from './payload-json.ts';
export { type Publish, type PublishRequest, writePublish } from './publish-stanza.ts';
export { writeHtml } from './report-html.ts';
export { writeJunit } from './report-junit.ts';
export { runScenarios, type RunOptions, selectScenarios } from './run-scenarios.ts';
export { type Passage, problemsOf, type RunReport, type ScenarioResult, type SeenPush } from './scenario-result.ts';
export {
  assembleStage,
  type ProviderStage,
  type ScenarioStage,
  setProviders,
  setScenarioStage,
} from './scenario-stage.ts';
export { scenarios } from './scenarios/all.ts';
export { type Paragraph, paragraphs } from './scenarios/paragraphs.ts';
export type { Expectation, PushExpectation, Scenario, Showing, Step } from './scenarios/scenario.ts';
export { type RandomBytes, seal, type Sealed, sealedSize } from './sealing.ts';
export {
  ejabberd,
  type Flavour,
  flavours,
  mongooseim,
  prosody012,
  prosody13,
  reference,
  tigase,
} from './server-flavours.ts';
export { answerWord, type IqAnswer } from './stanza.ts';
export { checkVectors, type VectorMismatch, type VectorReport } from './vectors/check.ts';
export { type Account, createXmppServer, type PublishReport, type XmppServer } from './xmpp-server.ts';
export { type Clock, systemClock } from '../clock.ts';
