/*
 * Words of everyday life that are about one thing: who says "84 kilos on the scale" tells what they weigh. A small dictionary instead of a model: it
 * helps to see that two facts are of one matter, and to find a fact by the word that a question has for it. Matters that people tell assistants about,
 * by general knowledge; a word that is about several matters is in none, or in the one where it is most at home.
 */

import { stemsOf } from './memory-text.ts';

/** The words that a question would have come first, up to the bar. */
const MATTERS: readonly string[] = [
  'weigh weight | kilo kilos kilogram kilograms kg lbs pounds scales scale bmi',
  'tall height | centimetres centimeters',
  'sleep bed bedtime | asleep nap insomnia pillow mattress duvet',
  'wake | alarm snooze',
  'salary earn income | wage wages paycheck payslip bonus raise',
  'rent | landlord lease tenant tenancy',
  'mortgage | refinance refinanced remortgage',
  'home live house | flat apartment condo bungalow maisonette neighbourhood',
  'commute | carpool commuting',
  'car drive vehicle | suv hatchback tesla toyota honda ford bmw audi mercedes volkswagen vw skoda renault peugeot volvo mazda hyundai kia nissan fiat opel subaru lexus porsche citroen dacia chevrolet',
  'phone mobile | smartphone iphone android handset',
  'laptop computer | macbook thinkpad chromebook pc',
  'operating system | windows macos linux ubuntu fedora debian',
  'browser | chrome firefox safari brave',
  'editor | ide vscode vim neovim emacs intellij pycharm',
  'music listen | spotify tidal deezer playlist song songs album',
  'watch series film movie | netflix episode cinema documentary',
  'book read reading | novel paperback chapter kindle audiobook',
  'pet animal | hamster rabbit parrot goldfish tortoise gecko',
  'dog | puppy greyhound labrador poodle terrier retriever collie spaniel beagle dachshund pug husky',
  'cat | kitten tabby siamese tomcat',
  'exercise sport training | gym workout fitness jogging pilates crossfit bootcamp',
  'diet eat meat | vegan vegetarian pescatarian flexitarian keto paleo',
  'breakfast | porridge muesli cereal granola oats',
  'coffee | espresso latte cappuccino macchiato decaf caffeine',
  'alcohol | beer wine whisky whiskey gin vodka sober teetotal booze',
  'smoke smoking | cigarette cigarettes vape vaping nicotine',
  'medication medicine dose | pill pills tablet tablets mg prescription antibiotics insulin',
  'doctor | gp physician surgeon',
  'relationship single | dating girlfriend boyfriend partner married engaged divorced fiance fiancee wife husband spouse',
  'live with alone | flatmate roommate housemate flatshare',
  'children kids child | toddler newborn',
  'pregnant expecting | pregnancy midwife ultrasound trimester',
  'school grade | teacher elementary kindergarten preschool classmates',
  'study university degree | college undergraduate semester campus lecture lectures bachelor masters phd',
  'job work profession | career occupation profession hired promoted promotion freelance freelancer',
  'company employer | firm startup corporation',
  'boss manager | supervisor line-manager',
  'hair | haircut bob ponytail fringe barber hairdresser hairdressers',
  'glasses eyes | spectacles lenses eyesight lasered optician',
  'religion faith | church catholic protestant christian muslim mosque jewish synagogue buddhist hindu atheist agnostic',
  'bank account | savings overdraft',
  'insurance insured | insurer policyholder premium',
  'heating | radiator boiler thermostat',
  'electricity energy power | kilowatt solar',
  'internet wifi | router broadband fibre fiber',
  'deadline due | submission submit',
  'meeting | standup stand-up sync retro',
  'holiday vacation | holidays getaway',
  'flight fly airline | airport boarding lufthansa ryanair easyjet klm',
  'hotel | hostel airbnb accommodation',
  'hosting host cloud server | aws azure gcp heroku hetzner vercel netlify digitalocean',
  'database | mysql postgres postgresql sqlite mongodb mariadb',
  'instrument | guitar piano violin trumpet drums cello flute saxophone clarinet ukulele',
  'cook cooking | stove hob oven cooker',
  'morning person night owl | lark early-bird',
  'game games | console playstation xbox nintendo steam',
  'hobby class | pottery woodworking knitting crochet painting calligraphy',
  'nanny childcare | babysitter daycare creche',
  'clean cleaner | cleaning housekeeper',
  'birthday | born',
  'budget | spend spending',
  'price cost | fee charge',
  'social media | instagram twitter facebook tiktok mastodon bluesky linkedin',
  'garden | lawn flowerbed vegetables greenhouse',
];

interface Matter {
  /** As stems, told apart from words by their form. */
  readonly name: string;
  readonly asked: string;
}

const matters = new Map<string, Matter>();
for (const [index, line] of MATTERS.entries()) {
  const [asked = '', told = ''] = line.split(' | ');
  for (const stem of stemsOf(`${asked} ${told}`)) {
    if (!matters.has(stem)) matters.set(stem, { name: `matter ${index}`, asked });
  }
}

/** The stem, or the matter that it is about. */
export function matterOf(stem: string): string {
  return matters.get(stem)?.name ?? stem;
}

/** The words that questions have for what a text is about; most texts are about none of these matters. */
export function askedWordsOf(text: string): string {
  const asked = new Set<string>();
  for (const stem of stemsOf(text)) {
    const matter = matters.get(stem);
    if (matter !== undefined) asked.add(matter.asked);
  }
  return [...asked].slice(0, 4).join(' ');
}
