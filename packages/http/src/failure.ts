import { type Call, complaintText, Outcome } from '@flexilib/native';

/** What the client gets for a call whose outcome isn't ok, and what the operator is told. */
export function failureOf(call: Call): { status: number; text: string } {
  switch (call.outcome) {
    case Outcome.crashed:
      return { status: 502, text: `crashed: ${call.head}` };
    case Outcome.late:
      return { status: 504, text: `took too long: ${call.head}` };
    case Outcome.badResponse:
      return { status: 500, text: `its response was refused: ${complaintText(call.complaint)}` };
    default:
      return { status: 500, text: 'handle_request returned NULL' };
  }
}
