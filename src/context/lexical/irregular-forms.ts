/* English words whose forms no stemmer finds: "went" is looked for as "go", "children" as "child". */

const FORMS = `become:became begin:began,begun bend:bent bind:bound bite:bit,bitten bleed:bled blow:blew,blown break:broke,broken breed:bred
  bring:brought build:built burn:burnt buy:bought catch:caught choose:chose,chosen cling:clung come:came creep:crept deal:dealt dig:dug
  draw:drew,drawn dream:dreamt drink:drank,drunk drive:drove,driven eat:ate,eaten fall:fell,fallen feed:fed feel:felt fight:fought
  find:found flee:fled fly:flew,flown forbid:forbade,forbidden forget:forgot,forgotten forgive:forgave,forgiven freeze:froze,frozen
  get:got,gotten give:gave,given go:went,gone grow:grew,grown hang:hung hear:heard hide:hid,hidden hold:held keep:kept kneel:knelt
  know:knew,known lay:laid lead:led lean:leant leap:leapt learn:learnt leave:left lend:lent lie:lain light:lit lose:lost make:made
  mean:meant meet:met mistake:mistook,mistaken overcome:overcame pay:paid prove:proven ride:rode,ridden ring:rang,rung rise:rose,risen
  run:ran say:said see:saw,seen seek:sought sell:sold send:sent sew:sewn shake:shook,shaken shine:shone shoot:shot show:shown
  shrink:shrank,shrunk sing:sang,sung sink:sank,sunk sit:sat sleep:slept slide:slid smell:smelt speak:spoke,spoken speed:sped
  spell:spelt spend:spent spill:spilt spin:spun spring:sprang,sprung stand:stood steal:stole,stolen stick:stuck sting:stung
  strike:struck,stricken swear:swore,sworn sweep:swept swell:swollen swim:swam,swum swing:swung take:took,taken teach:taught
  tear:tore,torn tell:told think:thought throw:threw,thrown undergo:underwent,undergone understand:understood
  undertake:undertook,undertaken wake:woke,woken wear:wore,worn weave:wove,woven weep:wept win:won wind:wound
  withdraw:withdrew,withdrawn write:wrote,written
  child:children man:men woman:women foot:feet tooth:teeth mouse:mice goose:geese person:people life:lives wife:wives knife:knives
  leaf:leaves half:halves wolf:wolves shelf:shelves thief:thieves datum:data medium:media criterion:criteria phenomenon:phenomena
  analysis:analyses hypothesis:hypotheses diagnosis:diagnoses crisis:crises basis:bases index:indices matrix:matrices vertex:vertices
  appendix:appendices bacterium:bacteria mitochondrion:mitochondria good:better,best bad:worse,worst`;

const BASES = new Map(
  FORMS.split(/\s+/).flatMap((entry) => {
    const [base = '', forms = ''] = entry.split(':');
    return forms.split(',').map((form): [string, string] => [form, base]);
  }),
);

/** The form under which a word stands in a dictionary, where that is not its own; lower case. */
export function baseOf(word: string): string {
  return BASES.get(word) ?? word;
}
